/**
 * What can be seen from outside of a running `cdc`, on its way to PostgreSQL and to the lake, and what it tells about
 * how far the durable steps have come: lake, watermark, slot.
 */

/** Passes a proxy (or, in a folder, happens in the file system). A kill can be tied to each. */
export const moments = [
  "lockAsked",
  "lookAsked",
  "peekAsked",
  "objectAsked",
  "objectHalf",
  "objectSent",
  "objectAnswered",
  "watermarkAsked",
  "watermarkSent",
  "watermarkAnswered",
  "advanceAsked",
  "advanceSent",
  "advanceAnswered",
] as const
export type Moment = (typeof moments)[number]

/** Where a kill landed. */
export const phases = [
  "starting, or waiting as standby",
  "beginning: reads the watermark, the lake's end and the slot",
  "reading the slot, no object begun",
  "object under way",
  "object whole, watermark not begun",
  "watermark under way",
  "watermark written, slot not asked to move",
  "slot's move under way",
  "slot moved, or idle",
] as const
export type Phase = (typeof phases)[number]

/** `last` is where it was before: a look at the slot is both how a writer begins and what it does before it confirms. */
export const phaseAfter = (moment: Moment, last: Phase): Phase => {
  switch (moment) {
    case "lockAsked":
      return phases[0]
    case "lookAsked":
      return last === phases[0] ? phases[1] : last
    case "peekAsked":
      return phases[2]
    case "objectAsked":
    case "objectHalf":
    case "objectSent":
      return phases[3]
    case "objectAnswered":
      return phases[4]
    case "watermarkAsked":
    case "watermarkSent":
      return phases[5]
    case "watermarkAnswered":
      return phases[6]
    case "advanceAsked":
    case "advanceSent":
      return phases[7]
    case "advanceAnswered":
      return phases[8]
  }
}
