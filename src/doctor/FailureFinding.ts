/** Converts a failure of a service to a finding. */

import type { StoreError } from "../services/lake/StoreError.ts"
import { Refusal } from "../services/Refusal.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import { type Finding, failed } from "./Finding.ts"

/** Returns the finding of a failed check: the problem, then its remedy. */
export const failureFinding = (check: string, error: SourceError | StoreError | Refusal): Finding =>
  error instanceof Refusal
    ? failed(check, `${error.problem}. ${error.risk}.`, { advice: `${error.remedy}.` })
    : failed(check, error.detail, { advice: error.advice })
