import { DOCUMENTS, fill, makeParts, readDocument, writeDocument } from './transcripts/documents.ts';

// Runs what the documents show, and writes what was shown into them.
const parts = await makeParts();
for (const path of DOCUMENTS) writeDocument(path, fill(readDocument(path), parts));
