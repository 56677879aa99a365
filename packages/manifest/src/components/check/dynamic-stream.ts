import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import { checkStreams, failed, NO_STREAMS } from "../../stream/availability.ts";

export const checkDynamicStream = defineComponent({
  kind: "check",
  type: "CheckDynamicStream",
  doc: "Checks a connection by reading the first record of the first streams, whatever they are called.",
  fields: Type.Object({
    stream_count: Type.Integer({ description: "How many streams to read at most." }),
    use_check_availability: Type.Optional(
      Type.Boolean({ description: "False: it is enough that streams are found. Default: true." }),
    ),
    config_overrides: Type.Optional(
      Type.Unknown({ description: "Settings that hold while the check runs, as an object." }),
    ),
  }),
  build: ({ stream_count: count, use_check_availability: isRead = true }) => ({
    run: async ({ streams }, signal) => {
      if (streams.length === 0) return failed(NO_STREAMS);
      return checkStreams(isRead ? streams.slice(0, count) : [], signal);
    },
  }),
});
