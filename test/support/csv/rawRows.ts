/** Divides the text of a CSV file into its rows as they stand, line breaks inside quotes kept. */
export const rawRows = (csv: string): ReadonlyArray<string> => {
  const rows: Array<string> = []
  let quoted = false
  let start = 0
  for (let i = 0; i < csv.length; i++) {
    if (csv[i] === '"') quoted = !quoted
    else if (csv[i] === "\n" && !quoted) {
      rows.push(csv.slice(start, i))
      start = i + 1
    }
  }
  return start < csv.length ? [...rows, csv.slice(start)] : rows
}
