import { setTimeout as sleep } from "node:timers/promises";
import type { SourceSubject } from "@weir/kit/acceptance";
import type { Command, JsonObject, Message } from "@weir/protocol";
import { type Good, mapped, tampered } from "./good.ts";

type Read = Extract<Command, { readonly name: "read" }>;
type Break = (good: Good<SourceSubject>) => SourceSubject;

function withMessages(change: Parameters<typeof tampered>[1]): Break {
  return ({ subject }) => ({ ...subject, runner: tampered(subject.runner, change) });
}

function says(change: (message: Message, command: Command) => readonly Message[]): Break {
  return withMessages((messages, command) => mapped(messages, (message) => change(message, command)));
}

/** Reads changed, each by a function of its own. */
function reads(make: (command: Read) => (message: Message) => readonly Message[]): Break {
  return withMessages((messages, command) =>
    command.name === "read" ? mapped(messages, make(command)) : messages,
  );
}

const isMode = ({ catalog }: Read, mode: string): boolean =>
  catalog.streams.some(({ sync_mode }) => sync_mode === mode);

/** Whether it is given a state, and one of its own. */
const goesOn = ({ state }: Read): boolean =>
  state.length > 0 && !state.some((each) => JSON.stringify(each).includes("somebody"));

function withData(message: Message, change: (data: JsonObject) => JsonObject): Message {
  if (message.type !== "RECORD") return message;
  return { ...message, record: { ...message.record, data: change(message.record.data) } };
}

/** Leaves out the second record of a read. */
function dropSecond(): (message: Message) => readonly Message[] {
  let records = 0;
  let lost = 0;
  return (message) => {
    if (message.type === "RECORD") {
      records += 1;
      if (records !== 2) return [message];
      lost = 1;
      return [];
    }
    if (message.type !== "STATE" || message.state.sourceStats?.recordCount === undefined) return [message];
    const sourceStats = { recordCount: message.state.sourceStats.recordCount - lost };
    lost = 0;
    return [{ ...message, state: { ...message.state, sourceStats } }];
  };
}

const leaked: Uint8Array[] = [];

/** For each row a source that is broken in that very way. */
export const brokenSources: Readonly<Record<string, { readonly how: string; readonly make: Break }>> = {
  S1: {
    how: "its schema uses allOf",
    make: says((message) =>
      message.type === "SPEC"
        ? [{ ...message, spec: { connectionSpecification: { type: "object", allOf: [] } } }]
        : [message],
    ),
  },
  "S1 drift": {
    how: "its specification is not the recorded one",
    make: ({ subject }) => ({
      ...subject,
      spec: { connectionSpecification: { type: "object", title: "Before" } },
    }),
  },
  S2: {
    how: "check does not answer",
    make: says((message) => (message.type === "CONNECTION_STATUS" ? [] : [message])),
  },
  S3: {
    how: "its cursor is no field",
    make: says((message) =>
      message.type === "CATALOG"
        ? [
            {
              ...message,
              catalog: {
                streams: message.catalog.streams.map((stream) => ({
                  ...stream,
                  default_cursor_field: ["none"],
                })),
              },
            },
          ]
        : [message],
    ),
  },
  S4: {
    how: "a field that is not in the schema",
    make: says((message) => [withData(message, (data) => ({ ...data, extra: 1 }))]),
  },
  S5: {
    how: "states count one record too many",
    make: says((message) =>
      message.type === "STATE"
        ? [
            {
              ...message,
              state: {
                ...message.state,
                sourceStats: { recordCount: (message.state.sourceStats?.recordCount ?? 0) + 1 },
              },
            },
          ]
        : [message],
    ),
  },
  S6: {
    how: "every fourth full read loses values",
    make: (good) => {
      let count = 0;
      return reads((command) => {
        if (isMode(command, "full_refresh") && command.state.length === 0) count += 1;
        const isFourth = count % 4 === 0;
        return (message) => [isFourth ? withData(message, (data) => ({ ...data, note: null })) : message];
      })(good);
    },
  },
  S7: {
    how: "a full read that goes on loses a record",
    make: reads((command) =>
      isMode(command, "full_refresh") && goesOn(command) ? dropSecond() : (message) => [message],
    ),
  },
  S8: {
    how: "no state where nothing is new",
    make: reads((command) => {
      let records = 0;
      return (message) => {
        if (message.type === "RECORD") records += 1;
        const isNews = message.type !== "STATE" || records > 0 || isMode(command, "full_refresh");
        return isNews ? [message] : [];
      };
    }),
  },
  S9: {
    how: "an incremental read that goes on loses a record",
    make: reads((command) =>
      isMode(command, "incremental") && goesOn(command) ? dropSecond() : (message) => [message],
    ),
  },
  S10: {
    how: "new rows are not seen",
    make: reads((command) => (message) => {
      if (!isMode(command, "incremental") || message.type !== "RECORD") return [message];
      return Number(message.record.data["id"]) >= 100 && goesOn(command) ? [] : [message];
    }),
  },
  S11: {
    how: "quotes in names of fields are lost",
    make: says((message) => [
      withData(message, (data) =>
        Object.fromEntries(Object.entries(data).map(([name, value]) => [name.replaceAll('"', ""), value])),
      ),
    ]),
  },
  S12: {
    how: "a stream that is not there is empty",
    make: withMessages(async function* (messages, command) {
      const isMissing =
        command.name === "read" &&
        command.catalog.streams.some(({ stream }) => stream.name.startsWith("weir_"));
      if (!isMissing) yield* messages;
    }),
  },
  S13: {
    how: "a state of somebody else ends the read without a word",
    make: withMessages(async function* (messages, command) {
      const isForeign = command.name === "read" && command.state.length > 0 && !goesOn(command);
      if (!isForeign) yield* messages;
    }),
  },
  S14: {
    how: "it goes on for two seconds after a cancel",
    make: withMessages(async function* (messages, _command, { signal }) {
      for await (const message of messages) {
        yield message;
        if (signal.aborted) await sleep(1800);
      }
    }),
  },
  S15: {
    how: "discover logs the password",
    make: withMessages(async function* (messages, command) {
      if (command.name === "discover") {
        yield { type: "LOG", log: { level: "INFO", message: `with ${JSON.stringify(command.config)}` } };
      }
      yield* messages;
    }),
  },
  S16: {
    how: "every read keeps six megabytes",
    make: withMessages(async function* (messages, command) {
      if (command.name === "read") leaked.push(new Uint8Array(6_000_000));
      yield* messages;
    }),
  },
};
