//! What a person pasted or uploaded, read: pure, bounded, and with nothing kept.
//!
//! | module      | what it is for                                               |
//! |-------------|--------------------------------------------------------------|
//! | `letter`    | the structure of a mail, behind guards; names `mail-parser`  |
//! | `hypertext` | the words of an HTML part                                    |
//!
//! All of it is hostile: whatever the bytes, reading ends soon and never ends the process. It says what the text claims;
//! nothing in it is proof of anything.

mod hypertext;
pub mod letter;
