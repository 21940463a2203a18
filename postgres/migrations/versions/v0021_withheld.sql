-- Reminders that were due and are not sent: suppressed within quiet hours, or missed. No older log has any.
alter type rondo.reminder_status add value 'SUPPRESSED';
alter type rondo.reminder_status add value 'MISSED';
