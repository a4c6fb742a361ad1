/**
 * Identifiers as the server prints them: bare where SQL could read them so, else in double quotes, doubled inside.
 *
 * Source: PostgreSQL, ruleutils.c, `quote_identifier`: bare are names of lower-case ASCII letters, digits and `_` that
 * are no keyword, save the unreserved ones. The keywords are those of PostgreSQL 15; newer servers quote a few more
 * (`json`, `json_table`, `merge_action`, `system_user` and the like), so reading goes by the form alone and takes a name
 * with or without quotes. The name is the same either way.
 */

const keywords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading
  least left like limit localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric
  offset on only or order out outer overlaps overlay placing position precision primary real references returning right
  row select session_user setof similar smallint some substring symmetric table tablesample then time timestamp to
  trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes
  xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(
    /\s+/,
  ),
)

const quote = 0x22
const underscore = 0x5f
const isLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || code === underscore
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** Where the name that begins at `at` ends, or -1 where none begins there or its quotes are never closed. */
export const endOfName = (text: string, at: number): number => {
  const first = text.charCodeAt(at)
  if (first === quote) return endOfQuotes(text, at)
  if (!isLetter(first)) return -1
  let end = at + 1
  let code = text.charCodeAt(end)
  while (isLetter(code) || isDigit(code)) code = text.charCodeAt(++end)
  return end
}

const endOfQuotes = (text: string, at: number): number => {
  let close = text.indexOf('"', at + 1)
  while (close !== -1 && text.charCodeAt(close + 1) === quote) close = text.indexOf('"', close + 2)
  return close === at + 1 || close === -1 ? -1 : close + 1
}

/** The name that is printed between the two ends. */
export const readName = (text: string, at: number, end: number): string =>
  text.charCodeAt(at) === quote ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end)

export const printName = (name: string): string =>
  endOfName(name, 0) === name.length && name.charCodeAt(0) !== quote && !keywords.has(name)
    ? name
    : quoteName(name)

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
