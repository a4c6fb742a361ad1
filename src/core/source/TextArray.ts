/**
 * A one-dimensional `text[]` as PostgreSQL prints it: `{a,"b c"}`.
 * Source: src/backend/utils/adt/arrayfuncs.c, `array_out`: quoted are the empty string, NULL in any case, and what holds
 * a delimiter, a brace, a quote, a backslash or a blank; inside, quotes and backslashes get a backslash before them.
 */
export const printTextArray = (elements: ReadonlyArray<string>): string =>
  `{${elements.map(printElement).join(",")}}`

const special = /^$|^null$|[",{}\\ \t\n\v\f\r]/i

const printElement = (element: string): string =>
  special.test(element) ? `"${element.replace(/["\\]/g, "\\$&")}"` : element

const element = /"((?:[^"\\]|\\.)*)"|([^,{}]+)/gs

/** The elements of a `text[]` as PostgreSQL prints it; of one dimension, without NULL. */
export const parseTextArray = (text: string): ReadonlyArray<string> =>
  [...text.slice(1, -1).matchAll(element)].map(
    ([, quoted, bare]) => quoted?.replace(/\\(.)/gs, "$1") ?? bare ?? "",
  )
