/** What a stream can show: colours, redrawn lines, or plain lines only. */

export interface OutputStream {
  /** As Node reports it for stdout and stderr. */
  readonly isTTY?: boolean | undefined
}

/** How text is printed for people. */
export interface TerminalStyle {
  readonly colour: boolean
  /** Characters in a line; text wraps there, statements never do. `Infinity` if lines have no limit. */
  readonly width: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** True if the stream obeys cursor movements and line clearing. A dumb terminal, as in an editor, prints such codes as text. */
export const canRedraw = ({ isTTY }: OutputStream, { TERM }: Environment): boolean =>
  isTTY === true && TERM !== "dumb"

/** True if the stream shows colours. `NO_COLOR` turns off colours only: https://no-color.org */
export const isColourful = (stream: OutputStream, environment: Environment): boolean =>
  canRedraw(stream, environment) && !environment["NO_COLOR"]
