/**
 * Makes foreign text printable: names of tables, columns, roles and databases, messages of the server. A name can contain
 * any character, and a terminal obeys some of them. Every report and log line goes through here.
 *
 * Source for `U&"…"`: PostgreSQL manual, "Identifiers and Key Words": a name with Unicode escapes of four digits each.
 */

/** Control characters (C0, DEL, C1), other line ends (LS, PS), and marks that change the direction of writing. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u
const eachUnprintable = new RegExp(unprintable, "gu")
const quotedName = /"(?:[^"]|"")*"/g

const digits = (sign: string): string => sign.charCodeAt(0).toString(16).padStart(4, "0")

/** Writes each unprintable character as `\u001b`. JSON keeps its meaning. */
export const escapeUnprintable = (text: string): string =>
  text.replace(eachUnprintable, (sign) => `\\u${digits(sign)}`)

/** Like `escapeUnprintable`. Names in double quotes become `U&"a\001bb"`, which SQL reads as the same name. */
export const printable = (text: string): string => {
  if (!unprintable.test(text)) return text
  const names = text.replace(quotedName, (name) =>
    unprintable.test(name)
      ? `U&${name.replaceAll("\\", "\\\\").replace(eachUnprintable, (sign) => `\\${digits(sign)}`)}`
      : name,
  )
  return escapeUnprintable(names)
}
