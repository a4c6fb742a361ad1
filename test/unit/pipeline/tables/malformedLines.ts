/** Lines of the slot that `cdc` cannot read, and what it says of each: where it stopped, and no value. */
export interface Malformed {
  readonly what: string
  readonly line: string
  readonly says: ReadonlyArray<string>
}

const unclosed = "table db_loja.cliente: INSERT: id[integer]:1 nome[character varying]:'secret"

export const malformedLines: ReadonlyArray<Malformed> = [
  {
    what: "a line whose quote is not closed",
    line: unclosed,
    says: ["after `table db_loja.cliente: INSERT:`"],
  },
  {
    what: "a line with the names in it as people write them",
    line: 'table db_loja."Ação": INSERT: x',
    says: ['after `table db_loja."Ação": INSERT:`'],
  },
  {
    what: "a line of several megabytes",
    line: unclosed + "secret".repeat(500_000),
    says: ["a quote that is not closed"],
  },
  {
    what: "a COMMIT where no transaction is open",
    line: "COMMIT 5 (at 2025-11-03 10:15:30+00)",
    says: ["BEGIN is expected before it"],
  },
]
