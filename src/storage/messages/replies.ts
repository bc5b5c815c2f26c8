import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { type AwaitedText, InboxText } from "./operations.ts"
import { change, query } from "./schema.ts"

const AwaitedRow = Schema.Struct({ ...InboxText.fields, awaited_by: Schema.String })

/** Replies that whoever gave us a message awaits. Of one to an agent only that agent's reply counts. */
export const makeReplies = (database: DatabaseSync) => {
  const first = query(
    database,
    AwaitedRow,
    `SELECT inbox.id, way, channel, sender AS "from", inbox.type, inbox.payload, inbox.reply_to, inbox.sent_at,
      origin_name AS awaited_by
    FROM outbox JOIN inbox ON inbox.reply_to = outbox.hub_id
    WHERE awaits_until >= :now AND inbox.state IN ('pushed', 'waiting', 'kept') AND inbox.payload <> ''
      AND coalesce(json_extract(target, '$.agent_id'), sender) = sender
    ORDER BY inbox.number LIMIT 1`
  )
  const settle = change(
    database,
    "UPDATE outbox SET awaits_until = NULL WHERE hub_id = (SELECT reply_to FROM inbox WHERE id = :id)"
  )
  const keep = change(
    database,
    "UPDATE inbox SET state = 'kept', reason = 'it went to whoever awaited it', judgement = NULL WHERE id = :id"
  )

  const answered = query(
    database,
    Schema.Struct({ reply_to: Schema.String }),
    `SELECT reply_to FROM outbox WHERE origin_kind = 'file' AND reply_to = :id LIMIT 1`
  )

  return {
    /** Those of these messages that the agent has answered by a file. */
    answered: (ids: ReadonlyArray<string>): ReadonlyArray<string> => ids.filter((id) => answered({ id }).length > 0),

    awaited: (now: number): AwaitedText | null => {
      const [row] = first({ now })
      if (row === undefined) return null
      const { awaited_by, ...reply } = row
      return { reply, awaited_by }
    },

    handedOver: (id: string): void => {
      settle({ id })
      keep({ id })
    }
  }
}
