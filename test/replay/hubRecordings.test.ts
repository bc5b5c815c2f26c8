import { describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { parseAgent } from "../../src/replay/frames/SimulatedAgent.ts"
import {
  differencesIn,
  framesOut,
  recordedAs,
  recordingNames,
  recordingOf,
  replayedText,
  summaryOf,
  textOfRecording
} from "./support.ts"

/** The older client did not send the description and the metadata back. */
const accepted = "! task_accepted description,metadata"
/** The older client verified the work itself, and sent the outcome. */
const completed = "! task_complete verification_report,verification_history,description,metadata"
const identified = "= identify idle"
const confirmed = "= wake_result success"
/** We say that we hold a task; the older client said that it was idle. */
const identifiedAtWork = "! identify at work status"
/** We first ask who owns the task. The older client did not ask, so its hub did not answer. */
const asked = "+ state_report"
/** The older client woke the agent once more, and reported that to the hub. */
const wokenAgain = "- wake_result success"
/** The older client gave its second agent up, because the old `.started` hid the new one from its watcher. */
const givenUp = ["- wake_result timeout", "- task_failed"]

/** How often each task is woken, and every frame: `=` same, `!` changed, `-` only recorded, `+` only ours. */
const expected: Readonly<
  Record<string, { readonly wakes: ReadonlyArray<number>; readonly rows: ReadonlyArray<string> }>
> = {
  "happy.jsonl": {
    wakes: [1, 1, 1, 1, 1],
    rows: [identified, ...Array.from({ length: 5 }, () => [accepted, confirmed, completed]).flat()]
  },
  "busy.jsonl": { wakes: [1], rows: [identified, accepted, confirmed, "= task_rejected", completed] },
  "cancel.jsonl": {
    wakes: [1, 1],
    // The recording ends while the second agent works. A minute later this version sends its progress.
    rows: [identified, accepted, confirmed, accepted, confirmed, "~ task_progress"]
  },
  "blip.jsonl": {
    wakes: [1],
    rows: [
      identified,
      accepted,
      confirmed,
      identifiedAtWork,
      "! state_report description,metadata",
      accepted,
      wokenAgain,
      completed
    ]
  },
  "result_while_offline.jsonl": {
    wakes: [1],
    rows: [identified, accepted, confirmed, identifiedAtWork, asked, accepted, wokenAgain, completed]
  },
  "crash_midwork.jsonl": {
    wakes: [1],
    rows: [
      identified,
      accepted,
      confirmed,
      identifiedAtWork,
      "= task_recovering",
      asked,
      accepted,
      wokenAgain,
      completed
    ]
  },
  "crash_continue.jsonl": {
    wakes: [1],
    // The older client refused as busy the very task that it held.
    rows: [
      identified,
      accepted,
      confirmed,
      identifiedAtWork,
      "= task_recovering",
      asked,
      "+ task_accepted",
      "- task_rejected",
      completed
    ]
  },
  "result_while_down.jsonl": {
    wakes: [1],
    rows: [
      identified,
      accepted,
      confirmed,
      identifiedAtWork,
      "= task_recovering",
      asked,
      accepted,
      wokenAgain,
      ...givenUp,
      accepted,
      wokenAgain,
      // Our agent still works, so progress is sent each minute.
      "+ task_progress",
      ...givenUp,
      accepted,
      wokenAgain,
      "~ task_progress"
    ]
  },
  "wake_fails.jsonl": {
    wakes: [4],
    rows: [
      identified,
      accepted,
      // We report every failed attempt, the older client only the last one.
      "+ wake_result failed",
      "+ wake_result failed",
      "+ wake_result failed",
      "! wake_result failed error",
      "! task_failed reason,description,metadata"
    ]
  },
  "messages.jsonl": {
    wakes: [],
    // These frames are not of a sidecar. The hub refused the last two connections.
    rows: [
      identified,
      "- channel_subscribe",
      "- status",
      "- message",
      "- nonsense",
      identified,
      identified
    ]
  }
}

/** The frames of a replay but for those of rule 25, which the older client did not send, and without times. */
const rowsOf = (events: Parameters<typeof framesOut>[0]): ReadonlyArray<string> =>
  framesOut(events).filter((row) => !/^[+~] status$/.test(row)).map((row) => row.replace(/ since \S+/, ""))

describe("a recording that another client made", () => {
  it("is replayed with a row here that explains each difference", () => {
    expect(Object.keys(expected).toSorted()).toEqual(recordingNames.toSorted())
  })

  for (const [name, { rows, wakes }] of Object.entries(expected)) {
    it(`${name}: each frame of this version is as recorded, or differs as explained`, () => {
      const events = replayedText(textOfRecording(name))
      expect(rowsOf(events)).toEqual(rows)
      expect(summaryOf(events).wakes.map((woken) => woken.wakes)).toEqual(wakes)
      expect(summaryOf(events)).toMatchObject({ local_differences: 0, differs: true })
    })

    it(`${name}: the same recording gives the same events again`, () => {
      expect(replayedText(textOfRecording(name))).toEqual(replayedText(textOfRecording(name)))
    })

    it(`${name}: what this version would have recorded of it replays without a difference`, () => {
      const events = replayedText(textOfRecording(name))
      const again = replayedText(recordingOf(recordedAs(textOfRecording(name))))
      expect(differencesIn(again)).toEqual([])
      expect(summaryOf(again).wakes).toEqual(summaryOf(events).wakes)
      expect(summaryOf(again).frames_out.same).toBe(framesOut(events).filter((row) => !row.startsWith("-")).length)
    })
  }

  it("with an agent that answers while the sidecar is down: the answer goes out at once when it is back, and nobody is woken", () => {
    const upToSecondTimeout = textOfRecording("result_while_down.jsonl").split("\n").slice(0, 14).join("\n")
    const agent = Result.getOrThrow(parseAgent("works=3000"))
    const events = replayedText(`${upToSecondTimeout}\n`, { agent })
    expect(rowsOf(events)).toEqual([
      identified,
      accepted,
      confirmed,
      identifiedAtWork,
      "! task_recovering last_status",
      asked,
      accepted,
      "+ task_complete",
      wokenAgain
    ])
    expect(summaryOf(events).wakes).toEqual([{ task_id: "task-ddfb0b0f51db5b16", wakes: 1 }])
  })
})
