/** What a thread of `load` begins with. */
import { Loader, openOwnPack, threadRole } from "./loader.ts";

const loader = new Loader(openOwnPack(), new URL(".", import.meta.url).href);
loader.loadGroup(threadRole);
loader.require("mod/load/thread/worker.js");
