import * as Array from "effect/Array"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { HubAccess } from "../../hub/messages/access.ts"
import { sendMessage } from "../../hub/messages/sending.ts"
import { hubTiming } from "../../hub/timing.ts"
import type { DevHub } from "../DevHub.ts"
import { deliveriesOf, startSidecar } from "./sidecarProcess.ts"
import { patience_ms } from "./tasks.ts"
import type { Print } from "./timeline.ts"

const broadcasts = 10
const look_ms = 50 // between two looks at what the helper got

/** An agent that only sends, by the hub's HTTP API. */
export const crowd = { agent_id: "crowd", token: "demo-token-of-the-crowd" }

type Target = Parameters<typeof sendMessage>[1]["target"]

const accessTo = ({ httpUrl }: DevHub): HubAccess => ({
  agent_id: crowd.agent_id,
  hub_api_url: httpUrl,
  token: Redacted.make(crowd.token),
  tls: { tls_ca: null, tls_cert: null, tls_key: null },
  timing: hubTiming
})

/** The crowd says something. Returns the id of the message. */
const say = (hub: DevHub, target: Target, text: string): Effect.Effect<string> =>
  Effect.flatMap(
    sendMessage(accessTo(hub), { key: text, target, type: "chat", reply_to: null, payload: { text } }),
    (outcome) =>
      outcome._tag === "Sent" && outcome.hub_id !== null
        ? Effect.succeed(outcome.hub_id)
        : Effect.die(new Error(`the hub did not take ${text}: ${outcome._tag}`))
  )

/** Waits until the helper has got the messages. If it does not in time, the table shows it. */
const untilDelivered = (folder: string, ids: ReadonlyArray<string>) =>
  deliveriesOf(folder).pipe(
    Effect.tap(Effect.sleep(look_ms)),
    Effect.repeat({ until: (deliveries) => ids.every((id) => deliveries.flat().includes(id)) }),
    Effect.timeoutOption(patience_ms)
  )

const untilConnections = (hub: DevHub, count: number) =>
  hub.waitFor(() => hub.connections("helper") === count, patience_ms)

/** Ten broadcasts at once. Returns their ids. */
export const storm = Effect.fnUntraced(function*(hub: DevHub, folder: string, tell: Print) {
  yield* untilConnections(hub, 1)
  yield* tell(`✉   ${broadcasts} broadcasts are sent at once`)
  const ids = yield* Effect.forEach(
    Array.range(1, broadcasts),
    (number) => say(hub, { _tag: "All" }, `broadcast ${number}`),
    { concurrency: "unbounded" }
  )
  yield* untilDelivered(folder, ids)
  yield* tell("✉   the helper has got them")
  return ids
})

/** A message to the helper while its sidecar does not run. Returns its id, and how the sidecars ended. */
export const away = Effect.fnUntraced(function*(
  hub: DevHub,
  { folder, sidecar }: { readonly folder: string; readonly sidecar: Effect.Success<ReturnType<typeof startSidecar>> },
  tell: Print
) {
  const first = yield* sidecar.stop
  yield* untilConnections(hub, 0)
  yield* tell("✉   the helper's sidecar is stopped, and a message is sent to the helper")
  const id = yield* say(hub, { _tag: "Agent", agent_id: "helper" }, "while you were away")
  const { stop } = yield* startSidecar(folder)
  yield* untilDelivered(folder, [id])
  yield* tell("✉   its sidecar runs again, and the helper has got the message")
  return { id, codes: [first, yield* stop] }
})

/** What came of messages that belong together: all of them once, in one delivery, with no other beside them. */
export const judgeMessages = (deliveries: ReadonlyArray<ReadonlyArray<string>>, ids: ReadonlyArray<string>) => {
  const theirs = deliveries.filter((delivered) => delivered.some((id) => ids.includes(id)))
  const delivered = theirs.flat()
  const isRight = theirs.length === 1 && delivered.length === ids.length && ids.every((id) => delivered.includes(id))
  return { isRight, said: `${theirs.length} with ${delivered.length}` }
}

/** Prints a line for each kind of message. True if all are as expected. */
export const printMessages = Effect.fnUntraced(function*(
  folder: string,
  sent: Readonly<Record<string, ReadonlyArray<string>>>
) {
  const deliveries = yield* deliveriesOf(folder)
  yield* Console.log(`\n${"messages".padEnd(26)} ${"sent".padStart(5)}  deliveries`)
  const verdicts = yield* Effect.forEach(Object.entries(sent), ([name, ids]) => {
    const { isRight, said } = judgeMessages(deliveries, ids)
    const mark = isRight ? "✓" : `✗ should be 1 with ${ids.length}`
    return Effect.as(Console.log(`${name.padEnd(26)} ${String(ids.length).padStart(5)}  ${said} ${mark}`), isRight)
  })
  return verdicts.every(Boolean)
})
