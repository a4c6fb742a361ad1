/**
 * The output of a `COPY … TO STDOUT` in text, with the ends of its rows: PostgreSQL sends one CopyData message per row, so the
 * bytes need not be parsed. The driver's own stream joins the messages and loses that.
 *
 * Source: PostgreSQL manual, "Message Flow", COPY operations: "zero or more CopyData messages (always one per row)".
 */
import { Readable } from "node:stream"
import type { Connection, Submittable } from "pg"
import type { CopiedRows } from "../../../src/services/source/SourceTables.ts"

/** In bytes. Rows are collected: each chunk costs some time, and PostgreSQL sends 8 kB at once. */
const usualBytes = 64 * 1024

/** In bytes. As many are collected while nobody asks. A longer row is passed on in parts. */
const bufferBytes = 256 * 1024

const headBytes = 5
const letter = (text: string): number => text.charCodeAt(0)
const copyData = letter("d")
const errorResponse = letter("E")
/** CopyOutResponse, ParameterStatus, NoticeResponse, NotificationResponse: they may come before the last row. */
const ignored = new Set(["H", "S", "N", "A"].map(letter))

export class RowCopyStream extends Readable implements Submittable {
  readonly #sql: string
  #connection: Connection | undefined
  #driver: ((bytes: Buffer) => void) | undefined
  #isWanted = false
  #isForwarding = false
  /** The type and length of the current message, as far as they are read. */
  readonly #head = Buffer.alloc(headBytes)
  #headLength = 0
  /** Bytes of the current message that are not read yet. */
  #missing = 0
  /** Stays the same: what is passed on is a copy of its own length, so that a queue of chunks takes no more than their bytes. */
  #buffer = Buffer.allocUnsafeSlow(bufferBytes)
  #length = 0
  /** The length up to the end of the last whole row. */
  #wholeLength = 0
  #wholeRows = 0
  /** Messages so far. */
  rows = 0
  /** The server's own count; undefined before it has answered. */
  rowCount: number | undefined

  constructor(sql: string) {
    super({ objectMode: true, highWaterMark: 1 })
    this.#sql = sql
  }

  /** Takes the place of the driver's parser until the last row. */
  submit = (connection: Connection): void => {
    this.#connection = connection
    const { stream } = connection
    // The driver's parser is the only listener, and takes bytes: `listeners` does not know their types.
    const [driver] = stream.listeners("data") as unknown as ReadonlyArray<(bytes: Buffer) => void>
    this.#driver = driver
    if (driver !== undefined) stream.removeListener("data", driver)
    stream.pause()
    stream.on("readable", this.#forward)
    connection.query(this.#sql)
  }

  override _read(): void {
    this.#isWanted = true
    this.#passUsual()
    this.#forward()
  }

  readonly #forward = (): void => {
    if (this.#isForwarding) return
    this.#isForwarding = true
    while (this.#connection !== undefined && (this.#isWanted || this.#length < bufferBytes / 2)) {
      const chunk: Buffer | null = this.#connection.stream.read()
      if (chunk === null) break
      this.#parse(chunk)
    }
    this.#isForwarding = false
  }

  #parse(chunk: Buffer): void {
    if (this.#length + chunk.length > this.#buffer.length) this.#makeSpace(chunk.length)
    let at = 0
    let isOver = false
    while (at < chunk.length && !isOver) {
      if (this.#headLength < headBytes) {
        // The driver reports the error, and the session stays usable.
        if (this.#headLength === 0 && chunk[at] === errorResponse) break
        at += this.#readHead(chunk, at)
        if (this.#headLength < headBytes) break
      }
      const taken = Math.min(this.#missing, chunk.length - at)
      const isRow = this.#head[0] === copyData
      if (isRow) this.#length += chunk.copy(this.#buffer, this.#length, at, at + taken)
      at += taken
      this.#missing -= taken
      if (this.#missing > 0) break
      this.#headLength = 0
      if (isRow) {
        this.rows++
        this.#wholeRows++
        this.#wholeLength = this.#length
      } else isOver = !ignored.has(this.#head[0] ?? 0)
    }
    const isError = at < chunk.length && this.#headLength === 0
    if (isOver) this.#passRows()
    else this.#passUsual()
    if (!isOver && !isError) return
    this.#detach(chunk.subarray(at))
    if (isOver) this.push(null)
  }

  /** Returns the number of bytes that it has read. */
  #readHead(chunk: Buffer, at: number): number {
    const taken = Math.min(headBytes - this.#headLength, chunk.length - at)
    chunk.copy(this.#head, this.#headLength, at, at + taken)
    this.#headLength += taken
    // The length counts itself.
    if (this.#headLength === headBytes) this.#missing = this.#head.readUInt32BE(1) - 4
    return taken
  }

  #passUsual(): void {
    if (this.#isWanted && this.#wholeLength >= usualBytes) this.#passRows()
  }

  /** Passes on the whole rows, and keeps the beginning of the next one. */
  #passRows(): void {
    if (this.#wholeRows === 0) return
    const rows = this.#wholeRows
    this.#wholeRows = 0
    this.#pass(this.#wholeLength, rows, true)
  }

  #makeSpace(bytes: number): void {
    this.#passRows()
    if (this.#length + bytes <= this.#buffer.length) return
    if (this.#length > 0) this.#pass(this.#length, 0, false)
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes)
  }

  #pass(length: number, rows: number, endsRow: boolean): void {
    const bytes = Buffer.allocUnsafeSlow(length)
    bytes.set(this.#buffer.subarray(0, length))
    this.#buffer.copyWithin(0, length, this.#length)
    this.#length -= length
    this.#wholeLength = 0
    if (!this.push({ bytes, rows, endsRow } satisfies CopiedRows)) this.#isWanted = false
  }

  /** Gives the connection back to the driver. */
  #detach(unread: Buffer): void {
    const stream = this.#connection?.stream
    this.#connection = undefined
    if (stream === undefined || this.#driver === undefined) return
    stream.removeListener("readable", this.#forward)
    stream.on("data", this.#driver)
    this.#driver(unread)
    // The driver may have paused the stream while it took these bytes.
    process.nextTick(() => stream.resume())
  }

  // The driver calls these with the rest of the answer.
  handleError(error: Error): void {
    this.#connection = undefined
    this.emit("error", error)
  }
  handleCommandComplete({ text }: { readonly text?: string }): void {
    const [, count] = /^COPY (\d+)/.exec(text ?? "") ?? []
    if (count !== undefined) this.rowCount = Number(count)
  }
  handleReadyForQuery(): void {}
}
