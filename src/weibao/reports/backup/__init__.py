"""The night's report (网络设备配置备份报告): HTML to read, Markdown and JSON to process."""
