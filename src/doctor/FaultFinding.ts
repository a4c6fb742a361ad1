/** A failure of a service as what `doctor` says of it. */

import type { StoreError } from "../services/lake/StoreError.ts"
import { Refusal } from "../services/Refusal.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import { type Finding, failed } from "./Finding.ts"

/** What went wrong, then what mends it. */
export const faultFinding = (check: string, error: SourceError | StoreError | Refusal): Finding =>
  error instanceof Refusal
    ? failed(check, `${error.found}. ${error.stake}.`, { advice: `${error.mend}.` })
    : failed(check, error.detail, { advice: error.advice })
