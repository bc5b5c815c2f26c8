import * as Schema from "effect/Schema"
import { expect, test } from "vitest"
import { emptyStore, StoredState } from "../../src/domain/SidecarState.ts"
import { fromV1, StoredStateV1 } from "../../src/domain/StoredStateV1.ts"

const work = {
  status: "working",
  wake_attempts: 1,
  woken_at: 10,
  wake: { id: "g3a1t10", at: 10, end: null },
  failure: null
} as const
const payload = { description: "do it", metadata: { url: "x" }, assigned_at: 5, assignment: { priority: "high" } }
const v1 = (task_id: string) => ({ task_id, generation: 3, ...payload, ...work })
const v2 = (id: string) => ({ kind: "task", id, generation: 3, payload, ...work })

test.each([
  ["nothing", { active: null, recovering: null }, emptyStore],
  ["the task that is ours", { active: v1("a"), recovering: null }, { ...emptyStore, task: v2("a") }],
  ["a task that the hub was asked about", { active: null, recovering: v1("a") }, {
    ...emptyStore,
    task: v2("a"),
    recovering: true
  }],
  ["of two the one that came last", { active: v1("b"), recovering: v1("a") }, { ...emptyStore, task: v2("b") }]
])("a state of version 1 is taken over: %s", (_, stored, expected) => {
  const read = fromV1(Schema.decodeUnknownSync(StoredStateV1)({ version: 1, ...stored }))
  expect(read).toEqual(expected)
  expect(Schema.decodeUnknownSync(StoredState)(JSON.parse(JSON.stringify(read)))).toEqual(expected)
})
