export const help = `agentcom-sidecar: takes tasks from an AgentCom hub, wakes the agent and reports its answers

Usage: agentcom-sidecar [command] [options]

  run                  runs the sidecar of an agent (the default)
    --config FILE      its configuration (default: ./config.json); the file's folder is the agent's
    --KEY VALUE        any key of the configuration but the token, as in --hub-url ws://hub/ws; it counts before the
                       variable AGENTCOM_KEY, and that before the file
    --record FILE      appends what it sees and does to the file, without the token
  dry-run FILE ...     replays recordings: what the sidecar would do, with nothing woken, sent or written; - is standard
                       input
    --dry-run FILE ... the same
    --agent HOW        where a recording has frames only: confirms-after=MS|never,works=MS,exits=CODE
    --expect WHAT      strict (the default), ignore=FIELD,FIELD (of the frames), or none
    --from TIME        prints nothing before: an ISO time, HH:MM:SS (UTC) or seconds from the beginning
    --to TIME          prints nothing after
    --task ID          prints only what is about the task
    --json             prints each event as a line of JSON
    --realtime         prints at the pace of the recording
    --html FILE        and draws it: one page, to be opened in a browser
    --minimize [FILE]  instead prints, or writes to FILE, the first step that differs, as a row of a test
  init                 registers an agent at the hub and writes its configuration; asks for what is not given
    --config FILE      where to (default: ./config.json); what is there is never overwritten
    --hub-url URL      the hub's WebSocket
    --agent-id NAME    the agent's name at the hub
    --type TYPE        openclaw, claude, codex, gemini or script
    --capabilities A,B what it can do
    --token-file FILE  holds the token of a name that is registered already
    --tls-ca FILE      holds the authority of a wss:// hub, if it is not one of the system's
    --tls-cert FILE    holds the certificate by which the hub is to know this machine
    --tls-key FILE     and its private key
    --yes              takes the defaults, asks nothing
  doctor               says what is wrong, and what to do about it; it disturbs no running sidecar
    --config FILE      whose folder (default: ./config.json)
    --json             as one line of JSON
  status               says what the sidecar of the folder is at
    --config FILE      whose folder (default: ./config.json)
    --json             as one line of JSON
    --watch            again each second
  logs                 shows the log as lines for people, with local times
    --config FILE      whose (default: ./config.json)
    --follow (-f)      and what is added, until it is stopped
    --task ID          only what is about the task
    --since WHEN       only from then on: how long ago (30s, 10m, 2h, 1d), a time (14:30) or a date
  drain                lets the sidecar finish its task, take no other and stop
    --config FILE      whose folder (default: ./config.json)
  exec -- COMMAND ...  used as wake_command: runs an agent that writes no files, its end is the answer
    --json             the JSON object that it prints is the answer
    --progress         what it prints is told as progress
  completion SHELL     prints what makes bash, zsh, fish or powershell complete all this with the tab key; with - in its
                       place it is asked by them for what may follow the words on standard input
  dev-hub              runs a hub for development, on this machine only
    --port PORT        where it listens (default: 4000; 0 takes any free port)
    --time-scale N     how many times as fast as real its time passes (default: 1)
  demo                 shows the main job for real: a hub, the sidecar, an agent, a cut connection

  -h, --help           shows this
  -v, --version        shows the version

Exit codes: 0 stopped as asked, 1 unforeseen (of --dry-run: different; of doctor: not all is well), 2 usage,
65 not a recording, 69 the hub cannot be used or the sidecar does not answer, 73 another sidecar runs in the folder,
74 a file cannot be read or locked, 75 a restart is wanted, 78 configuration, 79 stopped as asked, under pm2,
130 and 143 a dry run or a drain was stopped by SIGINT, by another signal
`
