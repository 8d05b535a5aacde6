// The messages of a model call as a conversation; what has another shape is shown as the attribute it is.
import { useMemo } from "preact/hooks";
import { label, visible } from "../format";
import { type Message, type Piece, joinCalls, pieceText, readMessages } from "../messages";
import type { Node, Tree } from "../tree";
import type { KeyValue } from "../types";
import { text } from "../value";
import { Attributes } from "./attributes";
import { CopyButton } from "./copy-button";
import { LongText } from "./long-text";
import { Section } from "./section";
import { ToolCall, UnknownView } from "./tool-call";

interface Props {
  attributes: KeyValue[];
  tree?: Tree | undefined; // where the spans of its tool calls are
  onSelect?: ((node: Node) => void) | undefined;
}

const order = ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"];
const titles = { instructions: "Instructions", input: "Input", output: "Output" };

export function Conversation({ attributes, tree, onSelect }: Props) {
  const { messages, strange } = useMemo(() => {
    const sorted = [...attributes].sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key));
    const read = sorted.map((attribute) => ({ attribute, messages: readMessages(attribute) }));
    return { messages: joinCalls(read.flatMap((one) => one.messages ?? [])), strange: read.filter((one) => !one.messages).map((one) => one.attribute) };
  }, [attributes]);
  if (attributes.length === 0) return null;
  return (
    <Section title="Conversation" n={messages.length}>
      <ol class="conversation">
        {messages.map((message, i) => (
          <li key={i} class={`message from-${known(message.role)}`} data-source={message.source}>
            {messages[i - 1]?.source !== message.source && <span class="message-source">{titles[message.source]}</span>}
            <MessageView message={message} tree={tree} onSelect={onSelect} />
          </li>
        ))}
      </ol>
      {strange.length > 0 && <Attributes attributes={strange} prefix="gen_ai." />}
    </Section>
  );
}

const known = (role: string): string => (/^(user|assistant|system|tool)$/.test(role) ? role : "other");

function MessageView({ message, tree, onSelect }: { message: Message } & Omit<Props, "attributes">) {
  return (
    <>
      <span class="speaker">{label(message.role, 80)}{message.note && <small>{label(message.note, 80)}</small>}<CopyButton text={() => message.pieces.map(pieceText).join("\n")} what="message" /></span>
      {message.pieces.map((piece, i) => <PieceView key={i} piece={piece} tree={tree} onSelect={onSelect} />)}
    </>
  );
}

function PieceView({ piece, tree, onSelect }: { piece: Piece } & Omit<Props, "attributes">) {
  if (piece.kind === "text") return <LongText text={piece.text} kind="text" prose />;
  if (piece.kind === "reasoning") return <div class="part"><span class="part-type">reasoning</span><LongText text={piece.text} kind="text" prose /></div>;
  if (piece.kind === "response") return <div class="part"><span class="part-type">result</span><UnknownView value={piece.response} /></div>;
  if (piece.kind === "other") return <div class="part"><span class="part-type">{visible(piece.title)}</span><UnknownView value={piece.value} /></div>;
  const span = piece.id && tree ? spanOfCall(tree, piece.id) : undefined;
  return (
    <ToolCall name={piece.name} arguments={piece.arguments} answered={piece.answered} response={piece.response}>
      {span && onSelect && <button type="button" class="link" onClick={() => onSelect(span)}>Open its span</button>}
    </ToolCall>
  );
}

const spanOfCall = (tree: Tree, id: string): Node | undefined =>
  tree.nodes.find((node) => node.role === "tool" && text(node.span.attributes, "gen_ai.tool.call.id") === id);
