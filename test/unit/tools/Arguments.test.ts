import { assert, describe, it } from "@effect/vitest"
import { names, path, present, readArguments, UsageError, whole } from "../../../tools/kit/Arguments.ts"

const flags = { kills: whole(25, 1), lake: names(["s3", "folder"], ["s3"]), rounds: present, json: path }
const read = (...args: ReadonlyArray<string>) => readArguments("npm run x", flags, args)

describe("the command line of a tool", () => {
  it("has a default for each flag", () => {
    assert.deepStrictEqual(read().values, { kills: 25, lake: ["s3"], rounds: false, json: undefined })
  })

  it("gives the value of each flag, and the arguments that are none", () => {
    assert.deepStrictEqual(
      read("full", "--kills", "3", "--lake", "folder,s3", "--rounds", "--json", "a.json"),
      {
        values: { kills: 3, lake: ["s3", "folder"], rounds: true, json: "a.json" },
        positionals: ["full"],
      },
    )
  })

  const refused: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
    [["--kills", "0"], /^--kills: a whole number from 1 on\nnpm run x$/],
    [["--kills", "many"], /^--kills: a whole number from 1 on\n/],
    [["--lake", "tape"], /^--lake: one or several of s3,folder, not "tape"\n/],
    [["--kils", "3"], /--kils.*\nnpm run x$/s],
  ]
  for (const [args, why] of refused)
    it(`is refused with its usage: ${args.join(" ")}`, () => {
      assert.throws(() => read(...args), UsageError, why)
    })
})
