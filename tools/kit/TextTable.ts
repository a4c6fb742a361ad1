/** Tables of a report, in columns of even width. */

export type Row = ReadonlyArray<string | number>

const widthsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<number> =>
  Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, column) =>
    Math.max(...rows.map((row) => String(row[column] ?? "").length)),
  )

/** The first column from the left, the others from the right: for counts. */
export const printCounts = (rows: ReadonlyArray<Row>): string => {
  const widths = widthsOf(rows)
  return rows
    .map((row) =>
      row
        .map((cell, i) => String(cell)[i === 0 ? "padEnd" : "padStart"](widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** All columns from the left: for facts. */
export const printFacts = (rows: ReadonlyArray<Row>): string => {
  const widths = widthsOf(rows)
  return rows
    .map((row) =>
      row
        .map((cell, i) => String(cell).padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** As Markdown, the first row as heads. */
export const printMarkdown = (rows: ReadonlyArray<Row>): string => {
  const widths = widthsOf(rows)
  const line = (row: Row) =>
    `| ${widths.map((width, column) => String(row[column] ?? "").padEnd(width)).join(" | ")} |`
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`
  return [...rows.slice(0, 1).map(line), rule, ...rows.slice(1).map(line)].join("\n")
}
