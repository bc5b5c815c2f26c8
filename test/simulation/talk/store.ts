import * as Effect from "effect/Effect"
import { MessageStore } from "../../../src/services/MessageStore.ts"
import { openMessageDatabase } from "../../../src/storage/messages/messageDatabase.ts"
import { marked, messageOperations } from "../../../src/storage/messages/messageStore.ts"
import type { Ask } from "../../../src/storage/messages/messageThread.ts"
import type {
  Inputs,
  OperationName,
  Operations,
  Results,
  StoreLimits
} from "../../../src/storage/messages/operations.ts"
import { DatabaseError } from "../../../src/storage/messages/schema.ts"
import { quick, saving } from "../latency.ts"
import type { Life } from "../life.ts"
import type { Disk } from "../store.ts"
import type { World } from "../world.ts"
import type { TalkBook } from "./book.ts"

const reads: ReadonlySet<OperationName> = new Set<OperationName>([
  "choose",
  "read",
  "since",
  "isKnown",
  "next",
  "answered",
  "awaited",
  "list"
])

const full = new DatabaseError({ kind: "failed", reason: "database or disk is full" })

/** The messages of our machine: the real database, in memory, that outlives the daemon. What it does is told to the book. */
export class Messages {
  readonly operations: Operations
  readonly close: () => void
  #revision = 0

  constructor(limits: StoreLimits, book: TalkBook) {
    const { close, operations } = openMessageDatabase(":memory:", limits, { revision: () => ++this.#revision })
    this.close = close
    this.operations = {
      ...operations,
      open: (now, at_work) => {
        if (at_work !== null) book.begins(at_work)
        return operations.open(now, at_work)
      },
      record: (now, judged) => book.recorded(operations.record(now, judged), judged),
      settle: (now, until) => book.recorded(operations.settle(now, until), []),
      begin: (now, batch) => {
        book.begins(batch)
        return operations.begin(now, batch)
      },
      end: (now, ended) => {
        book.ends(ended.batch, ended.end)
        return operations.end(now, ended)
      }
    }
  }
}

/** The message store of one life. An operation is done whole or not at all; a crash may come between it and its outcome. */
export const makeMessageStore = (
  life: Life,
  world: World,
  disk: Disk,
  { operations }: Messages,
  wall: () => number
): MessageStore["Service"] => {
  const ask: Ask = <Name extends OperationName>(name: Name, input: Inputs[Name]) =>
    Effect.suspend((): Effect.Effect<Results[Name], DatabaseError> => {
      const writes = !reads.has(name) && name !== "open"
      const isFull = writes && disk.full_until > world.now
      if (isFull || (writes && world.faults.strikes("messages_unwritten"))) return Effect.fail(full)
      const latency = writes ? saving(world) : quick(world)
      return life.operation(name, latency, () => operations[name](wall(), input))
    })
  return MessageStore.of({
    ...messageOperations(":memory:", ask, Effect.succeed(true)),
    open: (at_work) => Effect.orDie(ask("open", at_work === null ? null : marked(at_work)))
  })
}
