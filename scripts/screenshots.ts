import { takeInboxPictures } from './screenshots/inbox-pictures.ts';
import { takeScreenshots } from './screenshots/take-screenshots.ts';

await takeScreenshots();
await takeInboxPictures();
