/**
 * What can be seen from outside of a running `cdc`, on its way to PostgreSQL and to the lake, and how far the durable
 * steps have come by then: lake, watermark, slot.
 */

/** Passes a proxy (or, in a folder, happens in the file system). A kill or a freeze can be tied to each. */
export const moments = [
  "lockAsked",
  "lookAsked",
  "lookAnswered",
  "peekAsked",
  "objectAsked",
  "objectHalf",
  "objectSent",
  "objectAnswered",
  "completionAsked",
  "completionSent",
  "completionAnswered",
  "watermarkAsked",
  "watermarkSent",
  "watermarkAnswered",
  "advanceAsked",
  "advanceSent",
  "advanceAnswered",
] as const
export type Moment = (typeof moments)[number]

/** Where a kill or a freeze landed. */
export const phases = [
  "starting, or waiting as standby",
  "beginning: reads the watermark, the lake's end and the slot",
  "reading the slot, no object begun",
  "object under way",
  "completion of an object in parts under way",
  "object whole, watermark not begun",
  "watermark under way",
  "watermark written, slot not asked to move",
  "slot's move under way",
  "slot moved, or idle",
] as const
export type Phase = (typeof phases)[number]

/** `last` is the phase before: a look at the slot is both how a writer begins and what it does before it confirms. */
export const phaseAfter = (moment: Moment, last: Phase): Phase => {
  switch (moment) {
    case "lockAsked":
      return phases[0]
    case "lookAsked":
    case "lookAnswered":
      return last === phases[0] ? phases[1] : last
    case "peekAsked":
      return phases[2]
    case "objectAsked":
    case "objectHalf":
    case "objectSent":
      return phases[3]
    case "completionAsked":
    case "completionSent":
      return phases[4]
    case "objectAnswered":
    case "completionAnswered":
      return phases[5]
    case "watermarkAsked":
    case "watermarkSent":
      return phases[6]
    case "watermarkAnswered":
      return phases[7]
    case "advanceAsked":
    case "advanceSent":
      return phases[8]
    case "advanceAnswered":
      return phases[9]
  }
}

/** The requests to the store that a reader of the lake can see the effect of. */
export const durableSteps = ["object", "completion", "watermark"] as const
export type DurableStep = (typeof durableSteps)[number]

/** The same as reports name them: what a watermark was for is told by its content. */
export const stepNames = [
  "data object (PUT)",
  "data object (CompleteMultipartUpload)",
  "watermark",
  "watermark of a take-over",
  "watermark that announces a name",
  "watermark that confirms",
] as const
export type StepName = (typeof stepNames)[number]
