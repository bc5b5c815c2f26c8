import { describe } from "vitest"
import { B, disconnected, Run, table } from "./support.ts"

describe("rule 14: a dead link", () => {
  table([
    {
      clause: "a dead link: what the connection told us is forgotten",
      run: () => Run.reporting().tell({ _tag: "Disconnected", half_open: true }),
      /*GEN rule 14: a dead link|a dead link: what the connection told us is forgotten*/
    },
    {
      clause: "what is known of the agent and owed is not",
      run: () => Run.working().denied().offline(),
      /*GEN rule 14: a dead link|what is known of the agent and owed is not*/
    },
    {
      clause: "a try that fails in between does not forget that it was dead",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }).tell(disconnected),
      /*GEN rule 14: a dead link|a try that fails in between does not forget that it was dead*/
    },
    {
      clause: "the hub may push to the old socket: reconnect once more 90 s later",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect),
      /*GEN rule 14: a dead link|the hub may push to the old socket: reconnect once more 90 s later*/
    },
    {
      clause: "and so it is done",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).timer("half_open"),
      /*GEN rule 14: a dead link|and so it is done*/
    },
    {
      clause: "once",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).timer("half_open").reconnected(),
      /*GEN rule 14: a dead link|once*/
    },
    {
      clause: "unless it gave us a task in between",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned(),
      /*GEN rule 14: a dead link|unless it gave us a task in between*/
    },
    {
      clause: "and then not",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned().timer("half_open"),
      /*GEN rule 14: a dead link|and then not*/
    },
    {
      clause: "also one that we are busy for shows that it knows us",
      run: () => Run.working().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned(1, B),
      /*GEN rule 14: a dead link|also one that we are busy for shows that it knows us*/
    },
    {
      clause: "also the one we hold",
      run: () => Run.working().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned(3),
      /*GEN rule 14: a dead link|also the one we hold*/
    },
    {
      clause: "agent_left with our own id: reconnect",
      run: () => Run.idle().tell({ _tag: "HubLostUs" }),
      /*GEN rule 14: a dead link|agent_left with our own id: reconnect*/
    }
  ])
})
