/** What a stream shows to whoever looks at it: colours, a line written over, or lines alone. */

export interface Screen {
  /** As Node tells of stdout and stderr. */
  readonly isTTY?: boolean | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Whether it obeys what moves the cursor or clears a line. A dumb terminal, as in an editor, shows such codes as text. */
export const canRedraw = ({ isTTY }: Screen, { TERM }: Environment): boolean =>
  isTTY === true && TERM !== "dumb"

/** `NO_COLOR` speaks of colours only: https://no-color.org */
export const isColourful = (screen: Screen, environment: Environment): boolean =>
  canRedraw(screen, environment) && !environment["NO_COLOR"]
