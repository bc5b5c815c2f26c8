import { describe, expect, test } from "@effect/vitest"
import { quoting, whyNotAtWork } from "../../src/domain/agent/reasons.ts"
import type { WakeEnd } from "../../src/domain/Work.ts"
import { exited, nothing, policy } from "./support.ts"

describe("why an agent is not at work any more", () => {
  const blocking = { ...policy, wake_command_blocks: true }
  const because: ReadonlyArray<readonly [end: WakeEnd | null, this_boot: boolean, reason: string]> = [
    [null, false, "the machine or the container of the agent restarted while it was at work"],
    [exited(1), true, "the wake command ended with exit code 1; there is no answer"],
    [exited(1, "no login"), true, "the wake command ended with exit code 1: no login; there is no answer"],
    [exited(0), true, "the wake command ended with exit code 0; there is no answer"],
    [
      exited(0, "all done"),
      true,
      "the wake command ended with exit code 0: all done; there is no answer, and an agent that only prints one is to be run by `agentcom-sidecar exec --`"
    ],
    [{ how: "killed", code: null, output: "" }, true, "the wake command was killed; there is no answer"]
  ]
  test.each(because)("%j, of this boot: %s", (end, this_boot, reason) => {
    expect(whyNotAtWork(end, this_boot, blocking)).toBe(reason)
  })

  test("a command that may have left an agent behind: that was silent", () => {
    expect(whyNotAtWork(exited(0, "started"), true, policy)).toMatch(
      /^the agent ended without an answer, or was silent/
    )
  })
})

describe("a reason", () => {
  test("quotes what the agent printed last, once", () => {
    const evidence = { ...nothing, output: "no login" }
    expect(quoting("no confirmation", evidence)).toBe("no confirmation; the end of its output: no login")
    expect(quoting("ended with exit code 1: no login", evidence)).toBe("ended with exit code 1: no login")
    expect(quoting("no confirmation", nothing)).toBe("no confirmation")
  })
})
