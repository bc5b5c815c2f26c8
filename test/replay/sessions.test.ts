import { describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { scenarios } from "./sessions/scenarios.ts"
import { secrets } from "./sessions/Stage.ts"
import { differencesIn, notesIn, replayedText, summaryOf } from "./support.ts"

const folder = "test/fixtures/sessions"
const names = readdirSync(folder).toSorted()
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8")

describe("a session of the real daemon, recorded by test/replay/sessions/record.ts", () => {
  it("is there for each scenario, of which there are more than twenty", () => {
    expect(names).toEqual(scenarios.map(({ name }) => `${name}.jsonl`).toSorted())
    expect(names.length).toBeGreaterThan(20)
  })

  it.each(names)("%s replays without a difference", (name) => {
    const events = replayedText(textOf(name))
    expect(differencesIn(events)).toEqual([])
    expect(summaryOf(events)).toMatchObject({ differs: false })
    expect(notesIn(events).filter((note) => /left out|missing|middle of a life/.test(note))).toEqual([])
  })

  it.each(names)("%s differs where a frame or a step of it is changed", (name) => {
    const lines = textOf(name).trimEnd().split("\n")
    const last = lines.findLastIndex((line) => line.includes("\"dir\":\"out\"") && !line.includes("\"ping\""))
    const decides = lines.findLastIndex((line) => line.includes("\"commands\":[\""))
    const decided = lines.map((line, index) =>
      index === decides ? line.replace("\"commands\":[", "\"commands\":[\"DoMore\",") : line
    )
    const changed = lines.map((line, index) =>
      index === last ? line.replace("\"msg\":{", "\"msg\":{\"more\":1,") : line
    )
    expect(summaryOf(replayedText(`${decided.join("\n")}\n`)).differs).toBe(true)
    expect(summaryOf(replayedText(`${changed.join("\n")}\n`)).differs).toBe(last >= 0)
  })

  it("holds no token, and no path but those of its own folder and the system", () => {
    for (const name of names) {
      const text = textOf(name)
      for (const secret of secrets) expect(text).not.toContain(secret)
      const paths = new Set(text.match(/(?<=[" =:])\/[a-z][\w.-]*(?=\/)/g))
      expect([...paths].filter((path) => !["/home", "/bin", "/ws"].includes(path))).toEqual([])
    }
  })
})
