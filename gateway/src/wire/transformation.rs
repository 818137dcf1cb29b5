//! What transformations write.

use super::words;

words! {
    /// How bad a run of a transformation was, the least first.
    pub enum LogLevel {
        Debug = "debug",
        Info = "info",
        Warn = "warn",
        Error = "error",
        /// The run failed.
        Fatal = "fatal",
    }
}

words! {
    /// The function of the console that a line was written with.
    pub enum ConsoleLevel {
        Debug = "debug",
        Log = "log",
        Info = "info",
        Warn = "warn",
        Error = "error",
    }
}

impl From<ConsoleLevel> for LogLevel {
    fn from(level: ConsoleLevel) -> Self {
        match level {
            ConsoleLevel::Debug => Self::Debug,
            ConsoleLevel::Log | ConsoleLevel::Info => Self::Info,
            ConsoleLevel::Warn => Self::Warn,
            ConsoleLevel::Error => Self::Error,
        }
    }
}
