/** The same in the image, its first process receiving the HUP. */
import { hotDeployTests } from "../support/hot_deploy.ts";
import { imageLauncher } from "../support/launcher.ts";

hotDeployTests(imageLauncher(
  Deno.env.get("HAYATE_ENGINE") ?? "buildah",
  Deno.env.get("HAYATE_IMAGE") ?? "hayate",
));
