/** No request is lost while generations change, on the built binary. */
// Runs alone: it needs full load.
import { hotDeployTests } from "../../support/hot_deploy.ts";
import { binaryLauncher } from "../../support/launcher.ts";

hotDeployTests(binaryLauncher);
