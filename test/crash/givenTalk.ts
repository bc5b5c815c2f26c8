import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { cpSync, existsSync, readdirSync } from "node:fs"
import { agentId } from "../support/daemon.ts"
import { deliveries, statesIn } from "../support/deliveries.ts"
import { mailOf, request, say } from "../support/talk.ts"
import { deadlineMs, type Fault, fault, unless } from "./faults.ts"
import type { Given } from "./given.ts"
import { bob, comesTrue, isCleanedUp, type Scene } from "./scene.ts"

const lookEveryMs = 50
const toldWithinMs = 10_000 // of the sending

/** What was said: to the agent, by the ids of the messages, and by the agent, by the names of the files in its outbox. */
interface Said {
  readonly ids: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
}

const Mail = Schema.Struct({
  reply_to: Schema.NullOr(Schema.String),
  payload: Schema.Struct({ text: Schema.String })
})
const mailIn = Schema.decodeUnknownSync(Schema.Struct({ messages: Schema.Array(Mail) }))

/** What bob got: of replies what they answer, of other messages the text. */
const atBob = ({ hub }: Scene): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    request(hub, bob, `/api/mailbox/${bob}?since=0`),
    ({ body }) => mailIn(body).messages.map(({ payload, reply_to }) => reply_to ?? payload.text)
  )

/** Whether `look` becomes true before the deadline. */
const becomesTrue = (look: Effect.Effect<boolean>): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    for (const end = performance.now() + deadlineMs; performance.now() < end; yield* Effect.sleep(lookEveryMs)) {
      if (yield* look) return true
    }
    return yield* look
  })

const outcomeOf = ({ folder }: Scene, file: string): string => folder.read(`outbox/outcomes/${file}.json`)

const isTold = (scene: Scene, file: string): boolean => outcomeOf(scene, file).includes("\"status\":\"sent\"")

/** Whether the state file holds no delivery, as the daemon would find it now. */
const isIdle = ({ folder }: Scene): boolean => !folder.read("queue.json").includes("\"batch-")

/** What is in the outbox besides the outcomes: files that were not taken in, and rejections. */
const leftIn = ({ folder }: Scene): ReadonlyArray<string> => {
  const outbox = folder.file("outbox")
  return existsSync(outbox) ? readdirSync(outbox).filter((name) => name !== "outcomes") : []
}

/** The messages that the daemon has on the disk. They are read in a copy, as reading them changes what lies beside them. */
const recordedIn = ({ folder }: Scene): ReadonlyArray<string> => {
  const copied = (name: string) => folder.file(`at-the-kill-${name}`)
  if (!existsSync(folder.file("agent.sqlite"))) return []
  for (const name of ["agent.sqlite", "agent.sqlite-wal"]) {
    if (existsSync(folder.file(name))) cpSync(folder.file(name), copied(name))
  }
  return [...statesIn({ ...folder, file: copied }).keys()]
}

/** What the hub does not keep any more has to be on the disk. `waited` are the messages that waited at the hub. */
const atTheKill = (scene: Scene, waited: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Fault>> =>
  Effect.map(mailOf(scene.hub, agentId), (kept) => {
    if (waited.length === 0 || kept > 0) return []
    const recorded = recordedIn(scene)
    return waited
      .filter((id) => !recorded.includes(id))
      .flatMap((id) => fault("other", `message ${id} was acknowledged and is not on disk`))
  })

/** A kill ends no agent, so each message is delivered once, without the mark. */
const deliveriesOf = ({ folder }: Scene, { ids }: Said): ReadonlyArray<Fault> => {
  const all = deliveries(folder)
  return ids.flatMap((id) => {
    const its = all.filter((delivery) => delivery.ids.includes(id))
    const unmarked = its.filter(({ again }) => !again.includes(id)).length
    return [
      ...unless(its.length > 0, "loss", `message ${id} was answered and not delivered`),
      ...unless(
        its.length <= 1,
        "double wake",
        `message ${id} was delivered ${its.length} times, ${unmarked} unmarked`
      ),
      ...unless(its.length !== 1 || unmarked === 1, "other", `message ${id} was delivered once, and marked`)
    ]
  })
}

const sendingsOf = (got: ReadonlyArray<string>, { files, ids }: Said): ReadonlyArray<Fault> => {
  const expected = [...ids, ...files]
  return [
    ...expected.flatMap((one) => {
      const times = got.filter((other) => other === one).length
      return unless(times <= 1, "double send", `bob got ${times} times what answers or says ${one}`)
    }),
    ...got
      .filter((one) => !expected.includes(one))
      .flatMap((one) => fault("other", `bob got what nobody said: ${one}`))
  ]
}

/** Delivered once, answered once, sent once, and nothing left of it at the hub, in the folder or alive. */
const inTheEnd = (scene: Scene, said: Said): Effect.Effect<ReadonlyArray<Fault>> =>
  Effect.gen(function*() {
    const { folder, hub } = scene
    const missing = Effect.map(atBob(scene), (got) => [...said.ids, ...said.files].filter((one) => !got.includes(one)))
    if (!(yield* becomesTrue(Effect.map(missing, ({ length }) => length === 0)))) {
      return fault("loss", `bob has nothing that answers or says ${(yield* missing).join(", ")}`)
    }
    if (!(yield* comesTrue(() => isIdle(scene), deadlineMs))) {
      return fault("hang", `all is answered, and a delivery still at work: ${folder.read("queue.json")}`)
    }
    const isRead = yield* becomesTrue(Effect.map(mailOf(hub, agentId), (count) => count === 0))
    const isEmpty = yield* comesTrue(() => leftIn(scene).length === 0, deadlineMs)
    const untold = () => said.files.filter((file) => !isTold(scene, file))
    yield* comesTrue(() => untold().length === 0, toldWithinMs)
    const alone = yield* comesTrue(() => scene.others().length === 0, deadlineMs)
    return [
      ...unless(isRead, "hang", "the hub still keeps messages"),
      ...unless(isEmpty, "hang", `the outbox still has ${leftIn(scene).join(", ")}`),
      ...untold().flatMap((file) => fault("other", `the outcome of ${file} is ${outcomeOf(scene, file)}`)),
      ...unless(alone, "other", `processes are left: ${scene.others().join(", ")}`),
      ...deliveriesOf(scene, said),
      ...sendingsOf(yield* atBob(scene), said)
    ]
  })

const givenTalk = (scene: Scene, said: Said, waited: ReadonlyArray<string> = []): Given => ({
  isDone: (life) =>
    life.logged().filter((event) => event === "message_sent").length >= said.ids.length + said.files.length &&
    isIdle(scene) && isCleanedUp(scene, "batch-") && leftIn(scene).length === 0 &&
    said.files.every((file) => isTold(scene, file)),
  atTheKill: atTheKill(scene, waited),
  inTheEnd: inTheEnd(scene, said),
  next: Effect.gen(function*() {
    const ids = said.ids.length === 0 ? [] : [yield* sayToAgent(scene)]
    const files = said.files.length === 0 ? [] : [yield* writeToBob(scene)]
    return givenTalk(scene, { ids: [...said.ids, ...ids], files: [...said.files, ...files] })
  })
})

const sayToAgent = ({ hub }: Scene): Effect.Effect<string> => say(hub, bob, { payload: { text: "what is it?" } })

/** The agent writes a message to bob. Returns the name of its file, which is its text. */
const writeToBob = ({ folder, hub }: Scene): Effect.Effect<string> =>
  Effect.gen(function*() {
    const name = `own-${hub.now()}`
    yield* folder.write(`outbox/${name}.json`, JSON.stringify({ to: bob, text: name, outcome: true }))
    return name
  })

/** Bob says something to the agent. */
export const giveMessage = (scene: Scene): Effect.Effect<Given> =>
  Effect.map(sayToAgent(scene), (id) => givenTalk(scene, { ids: [id], files: [] }))

/** Bob says something to the agent while no daemon runs. */
export const leaveMessage = (scene: Scene): Effect.Effect<Given> =>
  Effect.map(sayToAgent(scene), (id) => givenTalk(scene, { ids: [id], files: [] }, [id]))

/** The agent writes to bob. */
export const giveFile = (scene: Scene): Effect.Effect<Given> =>
  Effect.map(writeToBob(scene), (file) => givenTalk(scene, { ids: [], files: [file] }))
