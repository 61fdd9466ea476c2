export { abortable, withDeadline } from '../services/deadline.ts';
