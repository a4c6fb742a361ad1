/** Whether values that begin with `segredo` are in the lake of the memory world. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { lakeKeys, textsOf } from "../memoryWorld.ts"

export const lakeText = Effect.map(Effect.flatMap(lakeKeys, textsOf), String)

export const noSecret = Effect.map(lakeText, (text) => assert.notInclude(text, "segredo"))
export const holds = (value: string) => Effect.map(lakeText, (text) => assert.include(text, value))
