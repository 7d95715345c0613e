/** The functions of @std/path that hayate uses, with the types that the npm package lacks. */
import {
  basename as untypedBasename,
  dirname as untypedDirname,
  globToRegExp as untypedGlobToRegExp,
  join as untypedJoin,
} from "@std/path/posix";

/** The last part of a path, without `suffix` if it ends with it. */
export const basename: (path: string, suffix?: string) => string = untypedBasename;

/** Everything before the last part: `/` for `/a`, `.` for `a`. */
export const dirname: (path: string) => string = untypedDirname;

/** The parts with one slash between them, `.` and `..` resolved. */
export const join: (...paths: string[]) => string = untypedJoin;

/** Matches whole paths: `*` within a name, `**` over folders, `{a,b}`. */
export const globToRegExp: (glob: string) => RegExp = untypedGlobToRegExp;
