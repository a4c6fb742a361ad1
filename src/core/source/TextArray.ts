/**
 * Prints a one-dimensional `text[]` as PostgreSQL does: `{a,"b c"}`.
 * Source: src/backend/utils/adt/arrayfuncs.c, `array_out`. It quotes the empty string, NULL in any case, and elements with a
 * delimiter, brace, quote, backslash or blank. Inside, quotes and backslashes get a backslash before them.
 */
export const printTextArray = (elements: ReadonlyArray<string>): string =>
  `{${elements.map(printElement).join(",")}}`

const special = /^$|^null$|[",{}\\ \t\n\v\f\r]/i

const printElement = (element: string): string =>
  special.test(element) ? `"${element.replace(/["\\]/g, "\\$&")}"` : element

const element = /"((?:[^"\\]|\\.)*)"|([^,{}]+)/gs

/** Returns the elements of a printed `text[]` of one dimension, without NULL. */
export const parseTextArray = (text: string): ReadonlyArray<string> =>
  [...text.slice(1, -1).matchAll(element)].map(
    ([, quoted, bare]) => quoted?.replace(/\\(.)/gs, "$1") ?? bare ?? "",
  )
