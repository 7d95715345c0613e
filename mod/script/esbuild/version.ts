/** Of the attached esbuild; its service accepts only a client that names the same version. */
export const esbuildVersion = "0.28.2";
