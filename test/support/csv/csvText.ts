/** Reads CSV as PostgreSQL writes it: a bare empty field is NULL, a quoted one the empty string. */
export type CsvRow = ReadonlyArray<string | null>

export const parseCsv = (text: string): ReadonlyArray<CsvRow> => {
  const rows: Array<CsvRow> = []
  let row: Array<string | null> = []
  // A field, quoted or bare, and what ends it. Sticky: anything else is a fault of the text.
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\n\r]*))(,|\n)/y
  while (field.lastIndex < text.length) {
    const { lastIndex } = field
    const found = field.exec(text)
    if (found === null) throw new Error(`not CSV at character ${lastIndex}`)
    const [, quoted, bare, end] = found
    row.push(quoted === undefined ? bare || null : quoted.replaceAll('""', '"'))
    if (end === "\n") {
      rows.push(row)
      row = []
    }
  }
  return rows
}

/** The rows of an object with a header, as values by column. */
export const parseRecords = (text: string): ReadonlyArray<ReadonlyMap<string, string | null>> => {
  const [header = [], ...rows] = parseCsv(text)
  return rows.map((row) => new Map(header.map((name, i) => [name ?? "", row[i] ?? null])))
}
