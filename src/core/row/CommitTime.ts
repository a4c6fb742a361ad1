/** Commit times as PostgreSQL prints a timestamptz under `TimeZone=UTC`: `2026-11-23 01:53:09.63307+00`. */

/** Returns milliseconds since 1970; undefined for any other text, such as a year beyond 9999. */
export const commitMillis = (text: string): number | undefined => {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00$/.exec(text)
  const millis = parts === null ? Number.NaN : Date.parse(`${parts[1]}T${parts[2]}Z`)
  return Number.isNaN(millis) ? undefined : millis
}
