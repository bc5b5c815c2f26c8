import { describe, expect, test } from "vitest"
import { readWakeId, wakeIdOf } from "../../src/domain/ids.ts"

describe("the name of a wake", () => {
  test("tells the generation, the attempt and the time", () => {
    const name = { generation: 3, attempt: 1, at: 1_795_220_229_450 }
    expect(wakeIdOf(name)).toBe("g3a1t1795220229450")
    expect(readWakeId("g3a1t1795220229450")).toEqual(name)
  })

  for (
    const text of [
      "",
      "g1a1",
      "g1a1t",
      "g01a1t5",
      "g1a1t5.",
      "xg1a1t5",
      "g1a1t5x",
      "g-1a1t5",
      "g1a1t1e3",
      "g1a1t99999999999999999"
    ]
  ) {
    test(`${JSON.stringify(text)} is none`, () => expect(readWakeId(text)).toBeNull())
  }
})
