/** Packages of npm that measured apps import. */
import { installPackages } from "../../tests/support/npm_packages.ts";

/** Installs them in `folder`. Returns why it could not, for the table, or null. */
export async function whyNoPackages(
  folder: string,
  packages: Readonly<Record<string, string>>,
): Promise<string | null> {
  const names = Object.keys(packages);
  if (names.length === 0) return null;
  if (await installPackages(folder, { dependencies: packages })) return null;
  return `npm's registry does not give ${names.join(" and ")}`;
}
