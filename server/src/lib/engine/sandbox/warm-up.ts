import type { TemplateSources } from '../template-sources.ts';

/**
 * Rendered by every sandbox before it takes its first client: the first use of Tailwind's compiler, of the style
 * inliner and of the plain-text writer costs 60 to 200 ms, which would count against somebody's limit.
 */
export const WARM_UP: TemplateSources = {
  entry: 'index.tsx',
  files: {
    'index.tsx': `
import { Type } from '@sinclair/typebox';
import { Body, Button, Column, Container, Head, Heading, Hr, Html, Img, Link, Preview, Row, Section, Tailwind, Text, pixelBasedPreset } from 'react-email';
export const schema = Type.Object({ rows: Type.Number() });
export const subject = (props: { rows: number }) => 'Warm-up ' + props.rows;
export default function WarmUp({ rows }: { rows: number }) {
  return (
    <Html lang="en"><Tailwind config={{ presets: [pixelBasedPreset] }}><Head /><Preview>Warm-up</Preview>
      <Body className="m-0 bg-gray-100 font-sans text-base"><Container className="mx-auto max-w-xl rounded-lg bg-white p-6 sm:p-4 dark:bg-black">
        <Heading className="text-2xl font-bold">Warm-up</Heading><Img src="https://example.com/a.png" alt="a" width="8" height="8" />
        <Section className="border border-solid border-gray-200">{Array.from({ length: rows }, (_, index) => (
          <Row key={index} className="py-2"><Column className="w-1/2 text-left text-sm text-gray-700">Row {index}</Column><Column className="text-right">1 &amp; 2</Column></Row>
        ))}</Section>
        <Hr className="my-4" /><Text className="leading-6 opacity-80">Text with a <Link href="https://example.com" className="underline">link</Link></Text>
        <Button href="https://example.com" className="rounded bg-blue-600 px-4 py-2 text-white hover:bg-blue-700">Button</Button>
      </Container></Body></Tailwind></Html>
  );
}`,
  },
};

/** The props of the warm-up. */
export const WARM_UP_PROPS = '{"rows":20}';

/** Rendered before the first template that uses CodeBlock: it evaluates every Prism language, some 250 ms. */
export const CODE_BLOCK_WARM_UP: TemplateSources = {
  entry: 'index.tsx',
  files: {
    'index.tsx': `
import { CodeBlock, dracula } from 'react-email';
export default () => <CodeBlock code="{}" language="json" theme={dracula} />;`,
  },
};
