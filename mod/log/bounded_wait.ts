/** True when `promise` settles within `limitMs`. A log must not delay the exit of the process. */
export async function settlesWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer = 0;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), limitMs));
  const settled = Promise.allSettled([promise]).then(() => true);
  const isInTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return isInTime;
}
