/** What `deno compile` takes for the program: it loads the real one. */
import { Loader, openOwnPack, roleOf } from "./loader.ts";

const pack = openOwnPack();
const loader = new Loader(pack, new URL(".", import.meta.url).href);
loader.loadGroup(roleOf(pack, Deno.args[0]));
loader.require("main.js");
