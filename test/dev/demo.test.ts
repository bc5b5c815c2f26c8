import { describe, expect, it } from "@effect/vitest"
import { demoCases, question } from "../../src/dev/demo/agentScript.ts"
import { reply } from "../../src/dev/demo/helperScript.ts"
import { judgeMessages } from "../../src/dev/demo/talk.ts"
import { judgeTask } from "../../src/dev/demo/tasks.ts"
import { submitted } from "../../src/dev/tasks.ts"

describe("the demo counts messages as they should be", () => {
  const ids = ["a", "b"]
  it.each<readonly [string, ReadonlyArray<ReadonlyArray<string>>, boolean]>([
    ["all in one delivery", [["x"], ["a", "b"]], true],
    ["no delivery", [], false],
    ["one is lost", [["a"]], false],
    ["in two deliveries", [["a"], ["b"]], false],
    ["delivered twice", [["a", "b"], ["a", "b"]], false],
    ["one of them twice", [["a", "b"], ["b"]], false],
    ["beside another", [["a", "b", "x"]], false]
  ])("%s", (_, deliveries, isRight) => expect(judgeMessages(deliveries, ids).isRight).toBe(isRight))
})

describe("the demo counts the task with the question as it should be", () => {
  const heard = question.description
  const task = (result: object) => ({
    ...submitted("task-1", { description: heard }, "operator", 0),
    status: "completed" as const,
    result
  })
  it.each<readonly [string, Parameters<typeof judgeTask>[0], number, ReadonlyArray<string>]>([
    ["the reply came", task({ heard, reply }), 1, []],
    ["no reply came", task({ heard, reply: "No reply has come." }), 1, [
      "the reply of the other agent was \"No reply has come.\""
    ]],
    ["it is lost", undefined, 0, [
      "should be completed",
      "should be woken 1 times",
      "the reply of the other agent was undefined"
    ]],
    ["it was woken twice", task({ heard, reply }), 2, ["should be woken 1 times"]]
  ])("%s", (_, given, wakes, wrong) => expect(judgeTask(given, wakes, question).wrong).toEqual(wrong))

  it("and no reply to a task that asks nobody", () => {
    const [first = question] = demoCases
    const { wrong } = judgeTask(task({ heard: first.description }), 1, first)
    expect(wrong).toEqual([])
  })
})
