/** No request is lost in the image, whose first process receives the HUP. */
import { hotDeployTests } from "../support/hot_deploy.ts";
import { imageLauncher } from "../support/launcher.ts";

hotDeployTests(imageLauncher(
  Deno.env.get("HAYATE_ENGINE") ?? "buildah",
  Deno.env.get("HAYATE_IMAGE") ?? "hayate",
));
