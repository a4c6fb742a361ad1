/**
 * Byte strings: JavaScript strings whose characters are single bytes (latin1). They are one byte a character in V8,
 * slice without copying, and keep foreign UTF-8 intact as long as only ASCII is looked for in them.
 */

/** The bytes of ordinary text, as a byte string: `ç` becomes two characters. */
export const toBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

/** The text that a byte string spells in UTF-8. */
export const fromBytes = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8")
