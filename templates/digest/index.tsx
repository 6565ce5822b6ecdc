import { Type, type Static } from '@sinclair/typebox';
import {
  Body,
  Column,
  Container,
  Head,
  Heading,
  Html,
  Link,
  Preview,
  Row,
  Section,
  Tailwind,
  Text,
  pixelBasedPreset,
} from 'react-email';

export const schema = Type.Object(
  {
    productName: Type.String({ minLength: 1, maxLength: 60 }),
    period: Type.String({ minLength: 1, maxLength: 60 }),
    sections: Type.Array(
      Type.Object({
        title: Type.String({ minLength: 1, maxLength: 80 }),
        entries: Type.Array(
          Type.Object({
            title: Type.String({ minLength: 1, maxLength: 200 }),
            url: Type.String({ format: 'uri' }),
            by: Type.Optional(Type.String({ maxLength: 80 })),
            figure: Type.Optional(Type.String({ maxLength: 20 })),
          }),
          { maxItems: 200 },
        ),
      }),
      { minItems: 1, maxItems: 20 },
    ),
    settingsUrl: Type.String({ format: 'uri' }),
  },
  { additionalProperties: false },
);

export type Props = Static<typeof schema>;

export const PreviewProps: Props = {
  productName: 'Northwind',
  period: '23 to 29 December',
  sections: [
    {
      title: 'Most read',
      entries: [
        {
          title: 'How we cut our build in half',
          url: 'https://example.com/1',
          by: 'Grace',
          figure: '412 reads',
        },
        {
          title: 'A field guide to flaky tests',
          url: 'https://example.com/2',
          by: 'Edsger',
          figure: '388 reads',
        },
        {
          title: 'What the outage taught us',
          url: 'https://example.com/3',
          by: 'Barbara',
          figure: '301 reads',
        },
      ],
    },
    {
      title: 'New this week',
      entries: [
        { title: 'Postgres indexes, drawn by hand', url: 'https://example.com/4', by: 'Donald' },
        { title: 'Ask me anything with the platform team', url: 'https://example.com/5' },
      ],
    },
  ],
  settingsUrl: 'https://example.com/settings',
};

const countEntries = ({ sections }: Props): number =>
  sections.reduce((sum, { entries }) => sum + entries.length, 0);

export const subject = (props: Props) => `${props.productName}: your week, ${countEntries(props)} things`;

export default function Digest(props: Props) {
  const { productName, period, sections, settingsUrl } = props;
  return (
    <Html lang="en">
      <Tailwind config={{ presets: [pixelBasedPreset] }}>
        <Head>
          <meta name="color-scheme" content="light" />
        </Head>
        <Preview>{`${countEntries(props)} things worth your time, ${period}.`}</Preview>
        <Body className="m-0 bg-[#f4f3ef] px-3 py-10 font-sans sm:px-0">
          <Container className="mx-auto w-full max-w-[600px]">
            <Text className="m-0 px-2 pb-4 text-[15px] font-semibold tracking-tight text-[#1d1c1a]">
              {productName}
            </Text>
            <Section className="rounded-2xl bg-white px-6 py-10 sm:px-12">
              <Heading className="m-0 text-[26px] font-semibold leading-[34px] tracking-tight text-[#1d1c1a]">
                Your week
              </Heading>
              <Text className="mb-0 mt-1 text-[15px] leading-[24px] text-[#77736b]">{period}</Text>
              {sections.map(({ title, entries }) => (
                <Section key={title} className="mt-8">
                  <Heading
                    as="h2"
                    className="m-0 pb-2 text-[15px] font-semibold leading-[24px] text-[#1f6f4a]"
                  >
                    {title}
                  </Heading>
                  {entries.map(({ title: entryTitle, url, by, figure }, index) => (
                    <Row key={index} className="border-0 border-t border-solid border-[#e8e6e0]">
                      <Column className="py-3 pr-4 align-top">
                        <Link
                          href={url}
                          className="text-base font-medium leading-[24px] text-[#1d1c1a] no-underline"
                        >
                          {entryTitle}
                        </Link>
                        {by === undefined ? null : (
                          <Text className="m-0 text-[13px] leading-[20px] text-[#77736b]">by {by}</Text>
                        )}
                      </Column>
                      {figure === undefined ? null : (
                        <Column className="py-3 text-right align-top">
                          <Text className="m-0 whitespace-nowrap text-[13px] leading-[24px] text-[#77736b]">
                            {figure}
                          </Text>
                        </Column>
                      )}
                    </Row>
                  ))}
                </Section>
              ))}
            </Section>
            <Text className="m-0 px-2 pt-6 text-[13px] leading-[20px] text-[#8a867d]">
              Too much, or too often?{' '}
              <Link href={settingsUrl} className="text-[#8a867d] underline">
                Change what you get
              </Link>
              .
            </Text>
          </Container>
        </Body>
      </Tailwind>
    </Html>
  );
}
