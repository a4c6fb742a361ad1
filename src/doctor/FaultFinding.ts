/** A failure of a service as what `doctor` says of it. */
import { type Finding, failed } from "../core/Finding.ts"
import { Refusal } from "../services/Refusal.ts"
import type { SourceError } from "../services/SourceError.ts"
import type { StoreError } from "../services/StoreError.ts"

/** What went wrong, then what mends it. */
export const faultFinding = (check: string, error: SourceError | StoreError | Refusal): Finding =>
  error instanceof Refusal
    ? failed(check, `${error.found}. ${error.stake}.`, { advice: `${error.mend}.` })
    : failed(check, error.detail, { advice: error.advice })
