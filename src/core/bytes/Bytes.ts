/**
 * Byte strings: JavaScript strings whose characters are single bytes (latin1). V8 stores one byte per character and slices
 * them without copying. Foreign UTF-8 stays intact as long as only ASCII is searched in them.
 */

/** Encodes ordinary text as a byte string: `ç` becomes two characters. */
export const toBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

/** Decodes a byte string as UTF-8. */
export const fromBytes = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8")
