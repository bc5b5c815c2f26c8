import { describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { faultNames, kindOf } from "../simulation/faults.ts"
import { playRecorded } from "../simulation/recording.ts"
import { differencesIn, notesIn, replayedText, summaryOf } from "./support.ts"

const seeds = [...Array.from({ length: 96 }, (_, index) => index + 1), 258] // the last for a rare fault

describe("a simulated session, recorded as a real one is", () => {
  it("replays without a difference, whatever went wrong in it", () => {
    const struck = new Set<string>()
    for (const seed of seeds) {
      const { outcome, text } = playRecorded({ seed })
      for (const id of outcome.hits) struck.add(kindOf(id))
      const events = replayedText(text)
      expect(differencesIn(events), `seed ${seed}`).toEqual([])
      expect(notesIn(events).filter((note) => /left out|does not know|missing/.test(note)), `seed ${seed}`).toEqual([])
      const failed = events.filter((event) => event.kind === "life" && event.phase === "ends" && event.failed !== null)
      expect(failed, `seed ${seed}`).toEqual([])
      expect(summaryOf(events).lives, `seed ${seed}`).toBeGreaterThan(0)
    }
    expect(faultNames.filter((name) => !struck.has(name))).toEqual([])
  })

  it("is saved by `npm run simulate -- --seed N --record FILE` for the dry run of the command line", () => {
    const folder = mkdtempSync(join(tmpdir(), "sidecar-simulated-"))
    try {
      const file = join(folder, "seed.jsonl")
      const simulate = [resolve("test/simulation/main.ts"), "--seed", "7", "--record", file]
      expect(spawnSync(process.execPath, simulate, { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" })
      const { status, stdout } = spawnSync(process.execPath, [resolve("dist/main.js"), "--dry-run", file], {
        encoding: "utf8"
      })
      expect(stdout).toContain("0 changed, 0 only recorded, 0 only of this version\nother differences: 0\n")
      expect(status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
