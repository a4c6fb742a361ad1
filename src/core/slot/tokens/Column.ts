/** A column of a tuple as the slot prints it. */
import { FixedBytes } from "../../bytes/FixedBytes.ts"
import { type Literal, literalOf } from "../text/PrintedLiteral.ts"

export interface Column {
  readonly name: string
  readonly type: string
  readonly literal: Literal
  /** As printed before its value: ` nome[character varying]:`. */
  readonly printed: FixedBytes
}

export const column = (printed: string, name: string, type: string): Column => ({
  name,
  type,
  literal: literalOf(type),
  printed: new FixedBytes(printed),
})
