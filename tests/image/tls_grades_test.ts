/** The TLS of the image, whose OpenSSL is 3.5 or later. */
import { imageLauncher } from "../support/launcher.ts";
import { tlsGradeTests } from "../support/tls_grades.ts";

tlsGradeTests(
  imageLauncher(
    Deno.env.get("HAYATE_ENGINE") ?? "buildah",
    Deno.env.get("HAYATE_IMAGE") ?? "hayate",
  ),
  /X25519MLKEM768/,
);
