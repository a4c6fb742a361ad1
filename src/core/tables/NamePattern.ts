/**
 * A pattern for the name of a schema or a table: `*` stands for any characters, `?` for one. In double quotes both are
 * ordinary characters, and capitals are kept; outside of quotes capitals are folded.
 * Source: PostgreSQL manual, psql, "Patterns".
 */

export interface NamePattern {
  /** The name, where the pattern has no wildcard. */
  readonly literal: string | undefined
  /** A regular expression for whole names, without anchors. PostgreSQL (`~`) reads it as JavaScript does with the flags `us`. */
  readonly body: string
  /** The same with anchors. */
  readonly regex: string
  readonly compiled: RegExp
}

type Part =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Any" }
  | { readonly _tag: "One" }

const part = /"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|([\w$]+)|([*?])/y

const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

const regexOf = (one: Part): string =>
  one._tag === "Text" ? escapeRegex(one.text) : one._tag === "Any" ? ".*" : "."

/** Returns the expression that matches whole names. */
export const wholeName = (body: string): string => `^(?:${body})$`

/** Reads a name or a pattern at `at`. Returns it and where it ends; undefined where neither stands there. */
export const readNamePattern = (text: string, at: number): readonly [NamePattern, number] | undefined => {
  const parts: Array<Part> = []
  let end = at
  for (;;) {
    part.lastIndex = end
    const found = part.exec(text)
    if (found === null) break
    const [whole, quoted, plain, digits, wildcard] = found
    if (digits !== undefined && parts.length === 0) break
    if (wildcard !== undefined) parts.push({ _tag: wildcard === "*" ? "Any" : "One" })
    else
      parts.push({
        _tag: "Text",
        text: quoted?.replaceAll('""', '"') ?? (plain ?? digits ?? "").toLowerCase(),
      })
    end += whole.length
  }
  const [first] = parts
  if (first === undefined) return undefined
  const isName = parts.every(({ _tag }) => _tag === "Text")
  // SQL knows no name of two parts.
  if (isName && parts.length > 1) return undefined
  const body = parts.map(regexOf).join("")
  const regex = wholeName(body)
  return [
    {
      literal: isName && first._tag === "Text" ? first.text : undefined,
      body,
      regex,
      compiled: new RegExp(regex, "us"),
    },
    end,
  ]
}

export const matchesName = ({ compiled }: NamePattern, name: string): boolean => compiled.test(name)
