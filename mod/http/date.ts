const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
// deno-fmt-ignore
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const daysLong = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function padded(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/**
 * A time as IMF-fixdate, for Date, Last-Modified and Expires (RFC 9110 5.6.7): 29 characters
 * such as `Sun, 06 Nov 1994 08:49:37 GMT`. The caller caches the text for a second.
 */
export function imfFixdate(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const day = `${days[date.getUTCDay()]}, ${padded(date.getUTCDate())}`;
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  const time = `${padded(date.getUTCHours())}:${padded(date.getUTCMinutes())}`;
  return `${day} ${months[date.getUTCMonth()]} ${year} ${time}:${padded(date.getUTCSeconds())} GMT`;
}

const imf = /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const rfc850 = /^(\w+), (\d\d)-(\w{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const asctime = /^(\w{3}) (\w{3}) ( \d|\d\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * Epoch seconds of an HTTP-date in any of its three forms; null if `text` is not one (a recipient
 * must then ignore the field). `nowSeconds` decides the century of a two-digit year: a date that
 * appears more than 50 years in the future is in the past (RFC 9110 5.6.7).
 */
export function parseHttpDate(text: string, nowSeconds: number): number | null {
  let match = imf.exec(text);
  if (match !== null) {
    if (!days.includes(match[1])) return null;
    return instant(Number(match[4]), match[3], match[2], match[5], match[6], match[7]);
  }
  match = rfc850.exec(text);
  if (match !== null) {
    if (!daysLong.includes(match[1])) return null;
    const thisYear = new Date(nowSeconds * 1000).getUTCFullYear();
    let year = thisYear - thisYear % 100 + Number(match[4]);
    if (year > thisYear + 50) year -= 100;
    return instant(year, match[3], match[2], match[5], match[6], match[7]);
  }
  match = asctime.exec(text);
  if (match === null || !days.includes(match[1])) return null;
  return instant(Number(match[7]), match[2], match[3], match[4], match[5], match[6]);
}

function instant(
  year: number,
  monthName: string,
  day: string,
  hour: string,
  minute: string,
  second: string,
): number | null {
  const month = months.indexOf(monthName);
  if (month < 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month, Number(day));
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== month) return null;
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  return date.getTime() / 1000;
}
